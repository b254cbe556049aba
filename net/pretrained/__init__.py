"""Pretrained weights of elsewhere: files read without their frameworks, names and layouts turned into ours."""
