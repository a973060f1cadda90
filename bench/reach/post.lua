-- For wrk: each request is a task that is waited for, each answer is checked.
wrk.method = "POST"
wrk.body = '{"action":"upper","payload":"hola"}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Prefer"] = "wait=10"

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  wrong = 0
end

function response(status, _, body)
  if status ~= 200 or not body:find('"HOLA"', 1, true) then
    wrong = wrong + 1
  end
end

function done(summary, latency)
  local wrongs = 0
  for _, thread in ipairs(threads) do
    wrongs = wrongs + thread:get("wrong")
  end
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"failed":%d,"wrong":%d,"p50Ms":%f,"p99Ms":%f}\n',
    summary.requests, summary.duration / 1e6, failed, wrongs,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
