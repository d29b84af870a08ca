-- wrk -s assign.lua URL -- PATH...: ten new learners in each request, one path after another.
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init(arguments)
    paths = arguments
    run = os.time()
    count = 0
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
end

function request()
    count = count + 1
    local emails = {}
    for learner = 1, 10 do
        emails[learner] = string.format('"l%d-%d-%d-%d@example.com"', run, number, count, learner)
    end
    local body = string.format('{"user_emails":[%s]}', table.concat(emails, ","))
    return wrk.format(nil, paths[count % #paths + 1], nil, body)
end
