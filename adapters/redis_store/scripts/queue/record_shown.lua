-- Notes what people see. A note may come late, after the whole answer was recorded: that text stays.
local leases, turn = unpack(KEYS)
local thread, fence, question, message_ids, has_begun, text = unpack(ARGV)
if not is_at_work(leases, turn, thread, fence, question) then
  return 0
end
redis.call('HSET', turn, 'message_ids', message_ids, 'has_begun', has_begun)
if redis.call('HGET', turn, 'step') ~= 'answered' then
  redis.call('HSET', turn, 'text', text)
end
return 1
