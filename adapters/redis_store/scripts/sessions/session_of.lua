-- Reads the session of a thread: a step, so that it can go along with others.
return redis.call('HGETALL', KEYS[1])
