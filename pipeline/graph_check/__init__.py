"""Whether a graph will train on an Ascend card as it is meant to: what can be told without one."""
