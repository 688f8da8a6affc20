"""The registry: bases (巾帼家政基地) and 福嫂, who may apply, and the certificates that were heard of."""
