-- Changes a question that still waits, or drops it where the new body is empty. The one at work is left as it is.
local inbox, bodies, turn, due, leases = unpack(KEYS)
local thread, id, body = ARGV[1], ARGV[2], ARGV[3]
local owner = redis.call('HGET', bodies, 'owner:' .. id) or id
if redis.call('HEXISTS', bodies, id) == 0 or redis.call('HGET', turn, 'question') == owner then
  return 0
end
if body ~= '' then
  redis.call('HSET', bodies, id, body)
  return 1
end
if owner ~= id or redis.call('HEXISTS', bodies, 'parts:' .. id) == 1 then
  return 0 -- part of a question of several messages
end
redis.call('LREM', inbox, 0, id)
redis.call('HDEL', bodies, id, 'size:' .. id)
if redis.call('LLEN', inbox) == 0 and redis.call('HEXISTS', leases, thread) == 0 then
  redis.call('ZREM', due, thread)
end
return 1
