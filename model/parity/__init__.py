"""The code that training uses against fixtures made with the official code: `python -m model.parity DIR`.

`fixtures` reads a folder that its `fixtures.json` describes, `cases` computes each kind of case, and
`__main__` is the command.
"""
