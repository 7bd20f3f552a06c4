"""
The kubectl plugin ``kubectl-onecloud``: tells what the operator knows, and asks it for what a person may ask.

It works with the rights of whoever calls it. What a command needs is loaded when it is called, so that it
starts quickly.
"""
