"""The services that offers are published through: what each of them says and does, a folder each."""
