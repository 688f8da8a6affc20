"""What looks odd in the counts: looked for each day and when asked, told once, and nothing counted changes."""
