"""The rules: one file each, found in this package only.

An entry point would belong to the environment being protected, so there is none.
"""
