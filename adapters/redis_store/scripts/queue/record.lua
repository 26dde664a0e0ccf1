-- Writes fields of the turn's record.
local leases, turn = unpack(KEYS)
local thread, fence, question = ARGV[1], ARGV[2], ARGV[3]
if not is_at_work(leases, turn, thread, fence, question) then
  return 0
end
redis.call('HSET', turn, unpack(ARGV, 4))
return 1
