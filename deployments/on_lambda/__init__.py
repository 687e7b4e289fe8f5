"""How our flows run in an AWS Lambda function: what differs there, and nothing else.

place   where such a function may write, and what it need not load.
events  what an event asks for.
engine  with Prefect where its API answers, without it where not; everything told before the function returns.
"""
