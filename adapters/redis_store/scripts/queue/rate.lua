-- Records a person's rating of an answer, as long as it may be rated. Of one person's lines the last counts.
local answer, ratings, counters, seen, turn = unpack(KEYS)
local rating, longest, seen_ms, about = unpack(ARGV, 1, 4)
if not redis.call('SET', seen, '1', 'NX', 'PX', seen_ms) then
  return 'duplicate'
end
local conversation = redis.call('GET', answer)
local at_work = redis.call('HMGET', turn, 'question', 'conversation_id')
if not conversation and at_work[1] and token_of(at_work[1]) == about then
  conversation = at_work[2] -- people see the whole answer a moment before its turn is settled
end
local became = 'nothing'
if conversation then
  redis.call('XADD', ratings, 'MAXLEN', '~', longest, '*',
    'rated_ms', whole(now_ms()), 'conversation', conversation, 'rating', rating, unpack(ARGV, 5))
  became = 'rated'
end
redis.call('HINCRBY', counters, 'question.' .. became, 1)
return became
