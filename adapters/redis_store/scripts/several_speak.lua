-- Notes that several people speak in the session of this conversation, where the thread is still bound to it.
if redis.call('HGET', KEYS[1], 'conversation_id') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'several_speak', '1')
return 1
