-- wrk -s wrk.lua … -- <file of requests> <name of this run>
-- Every line of the file is "<head>\t<tail>", line ends as \n; between the two goes a fresh Idempotency-Key.
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  heads, tails, count = {}, {}, id * 7919
  run = "Idempotency-Key: " .. args[2] .. "-" .. id .. "-"
  for line in io.lines(args[1]) do
    local head, tail = line:match("^(.-)\t(.*)$")
    heads[#heads + 1] = head:gsub("\\n", "\r\n") .. run
    tails[#tails + 1] = tail:gsub("\\n", "\r\n")
  end
end

function request()
  count = count + 1
  local at = count % #heads + 1
  return heads[at] .. count .. tails[at]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status, e.connect + e.read + e.write + e.timeout))
end
