"""The commands, one module for each group of them; importing this registers all."""
