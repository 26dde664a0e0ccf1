-- Gives a worker back the turn that it works on, where the server has forgotten it: the lease, the question and what was
-- recorded. Not where another worker holds the thread. Where the server is the one that it was (its epoch), a question
-- that is not at the head was settled or dropped, and stays so.
local due, leases, inbox, bodies, turn, clock, epoch = unpack(KEYS)
local thread, fence, id, body, lease_ms, known_epoch = unpack(ARGV, 1, 6)
local holder = redis.call('HGET', leases, thread)
if holder and holder ~= fence then
  return 0
end
local is_at_head = redis.call('LINDEX', inbox, 0) == id
if not is_at_head and redis.call('GET', epoch) == known_epoch then
  return 0
end
go_on_when_full(due)
if not is_at_head then
  redis.call('LREM', inbox, 0, id)
  redis.call('LPUSH', inbox, id)
end
redis.call('HSET', bodies, id, body)
redis.call('HSET', leases, thread, fence)
redis.call('ZADD', due, whole(steady_ms(clock) + tonumber(lease_ms)), thread)
redis.call('HSET', turn, unpack(ARGV, 7))
return 1
