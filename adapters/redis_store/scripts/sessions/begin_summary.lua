-- Notes that nothing is known of how long the conversation's history is.
local session = KEYS[1]
if redis.call('HGET', session, 'conversation_id') == ARGV[1] then
  redis.call('HSET', session, 'history_count', '')
end
return 1
