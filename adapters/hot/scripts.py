"""What is done in one step inside Redis. All three scripts work on a pair's candles and on its seal.

KEYS  1 the candles: a sorted set, score = open time (epoch s).
      2 the seal: a hash of ``run`` (the server's run id), ``gen`` (the last put that began) and ``w:<put>`` (when a put
        began that has not ended).

Candles are trusted only under a seal of this very run of the server: one that came back from a snapshot, or a replica
that was promoted, may have forgotten that a candle was withdrawn. A reader may bring candles only when no put began or
was under way since it looked; a put that finds another one beside it leaves its slots empty for the next reader.
A new seal begins with a put, ``w:forgotten``: one that the old seal knew of may still change the warm tier, so that
nobody brings anything until such a put must have ended.
"""

from __future__ import annotations

_SEALED = """
local now = tonumber(redis.call('TIME')[1])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if redis.call('HGET', KEYS[2], 'run') ~= run then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'run', run, 'gen', ARGV[1], 'w:forgotten', now)
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
local function writing()
  local found = 0
  local seal = redis.call('HGETALL', KEYS[2])
  for at = 1, #seal, 2 do
    if string.sub(seal[at], 1, 2) == 'w:' then
      if now - tonumber(seal[at + 1]) > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[2], seal[at])
      else found = found + 1 end
    end
  end
  return found
end
"""
"""ARGV 1 a fresh id, 2 lifetime of what is kept (s), 3 longest that a put takes (s)."""

READ = (
    _SEALED
    + """
local ticket = writing() == 0 and redis.call('HGET', KEYS[2], 'gen') or ''
return {ticket, redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[4], ARGV[5])}
"""
)
"""ARGV 4 first slot, 5 last slot. Gives the ticket to bring candles with (empty: not now) and the members found."""

WITHDRAW = (
    _SEALED
    + """
redis.call('HSET', KEYS[2], 'gen', ARGV[1], 'w:' .. ARGV[1], now)
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[4], ARGV[5])
return ARGV[1]
"""
)
"""A put begins. ARGV 4 first slot, 5 last slot. Gives its ticket."""

BRING = (
    _SEALED
    + """
local ours = redis.call('HDEL', KEYS[2], 'w:' .. ARGV[6]) == 1
if writing() > 0 or redis.call('HGET', KEYS[2], 'gen') ~= ARGV[6] then
  if ours or ARGV[8] == 'put' then redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[4], ARGV[5]) end
  return 0
end
if #ARGV > 8 then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[4], ARGV[5])
  for at = 9, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[at], ARGV[at + 1]) end
  local top = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', top - ARGV[7])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
return 1
"""
)
"""Candles come, from a put that ends or from a reader. ARGV 4 first slot, 5 last slot, 6 ticket, 7 how far back candles
are kept (s), 8 ``put`` or ``read``, then score and member by turns. Gives 1 when they were taken."""
