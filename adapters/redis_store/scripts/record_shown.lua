-- Notes what people see. A note may come late, after the whole answer was recorded: that text stays.
local leases, turn = unpack(KEYS)
local thread, fence, message_ids, has_begun, text = unpack(ARGV)
if not holds(leases, thread, fence) or redis.call('HGET', turn, 'fence') ~= fence then
  return 0
end
redis.call('HSET', turn, 'message_ids', message_ids, 'has_begun', has_begun)
if redis.call('HGET', turn, 'step') ~= 'answered' then
  redis.call('HSET', turn, 'text', text)
end
return 1
