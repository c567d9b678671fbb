"""Personal access tokens: a program acts in a person's name, within scopes, until a stated day."""
