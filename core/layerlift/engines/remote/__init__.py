"""The `remote` engine: Qwen-Image and its family on servers that speak OpenAI's image routes (vLLM-Omni, SGLang).

Law: knows HTTP by the standard library alone; trusts nothing that comes back. What was read of the real servers'
source, and where, stands in docs/scale-out.md. From the outside in:

    engine      the port's methods
    pool        which server, and another when one fails
    server      one server: health, load, what it has cost so far
    orders      what an operation is in the servers' fields
    answers     what came back, checked and decoded
    exchange    one request and its answer, which can be dropped at any moment
    trouble     the ways in which that fails
    settings    which servers there are, and what they may be told
"""
