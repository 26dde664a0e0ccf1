-- Writes fields of the turn's record.
local leases, turn, due = unpack(KEYS)
local thread, fence, question = ARGV[1], ARGV[2], ARGV[3]
local is_ours = is_at_work(leases, turn, thread, fence, question)
if is_ours ~= 1 then
  return is_ours
end
go_on_when_full(due)
redis.call('HSET', turn, unpack(ARGV, 4))
return 1
