"""Workers on other computers: a Ray pool behind the same pipe as the worker next door.

Law: the serving process imports nothing of Ray (only `places`, which asks in a process of its own). Each of the
server's slots has a child process as always; with a device "ray:ADDRESS" that child is a *bridge*, which speaks the
worker's pipe on one side and drives a worker on some computer of the cluster on the other. So the queue knows no
difference, and whatever Ray does (it ends its driver's process when the cluster is gone) happens to a child that is
replaced.

    place        an actor on some computer: our own `worker.service` behind methods instead of a pipe; knows no Ray
    pool         the one file that imports Ray: finds a place and calls it
    carriage     files to a place and layers back, in pieces
    bridge       the child process: orders out, events in
    places       how many workers a cluster has room for
"""
