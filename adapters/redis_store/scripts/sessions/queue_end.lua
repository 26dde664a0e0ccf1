-- Queues the end of a conversation whose binding failed, or may have failed: the answer can have been lost.
local session, idle, endings, ends = unpack(KEYS)
local thread, conversation, reason = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', session, 'conversation_id') == conversation then
  redis.call('DEL', session)
  redis.call('ZREM', idle, thread)
end
local now = whole(now_ms())
redis.call('HSETNX', endings, conversation, cjson.encode({
  thread = thread, reason = reason, since_ms = now, session = {unpack(ARGV, 4)},
}))
redis.call('ZADD', ends, 'NX', now, conversation)
return 1
