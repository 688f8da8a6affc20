"""The target tree (目标分解): what each region is to reach, who answers for it, and what was decided when."""
