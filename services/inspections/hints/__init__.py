"""Hints (异常线索): what looked odd, one case each, owned and concluded by people."""
