"""What the suites under tests/ share: running programs, pinned tools, checks on wheels, a place without the libraries."""
