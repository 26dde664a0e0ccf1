-- Notes what people see. A note may come late, after the whole answer was recorded: that text stays.
local leases, turn, due = unpack(KEYS)
local thread, fence, question, message_ids, has_begun, text = unpack(ARGV)
local is_ours = is_at_work(leases, turn, thread, fence, question)
if is_ours ~= 1 then
  return is_ours
end
go_on_when_full(due)
redis.call('HSET', turn, 'message_ids', message_ids, 'has_begun', has_begun)
if redis.call('HGET', turn, 'step') ~= 'answered' then
  redis.call('HSET', turn, 'text', text)
end
return 1
