"""The words and checks of each lesson: its predictions and its exercises."""
