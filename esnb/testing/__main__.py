"""`python -m esnb.testing`: where the sanitize file for nbval is.

pytest --nbval --nbval-sanitize-with "$(python -m esnb.testing)" notebooks
"""

from esnb.testing.sanitize import sanitize_file

if __name__ == "__main__":
    print(sanitize_file())
