-- Forgets an ending and writes its line into the ledger: a second call finds nothing to forget.
local ends, endings, attempts, ledger, counters = unpack(KEYS)
local conversation, reason, longest = ARGV[1], ARGV[2], ARGV[3]
redis.call('ZREM', ends, conversation)
redis.call('HDEL', attempts, conversation)
if redis.call('HDEL', endings, conversation) == 0 then
  return 0
end
redis.call('XADD', ledger, 'MAXLEN', '~', longest, '*', 'ended_ms', whole(now_ms()), unpack(ARGV, 4))
redis.call('HINCRBY', counters, 'session.' .. reason, 1)
return 1
