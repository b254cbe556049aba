"""In what precision a network trains, and how its loss is scaled beside it."""

MIXED, FLOAT32 = "mixed", "float32"
NO_SCALE, DYNAMIC = "none", "dynamic"

# A dynamic scale starts at the largest power of two that float16 holds (it ends at 65,504), as TensorFlow's own does. A
# start far above what gradients bear costs two skipped updates for each halving: 32 of them from 2**32 to 2**16.
FIRST_SCALE, GROWS_EVERY, HALVES_EVERY = 2.0**15, 1000, 2
