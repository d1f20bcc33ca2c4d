"""Characters: the body model's bake, clothes, hair, and skinning in numpy."""
