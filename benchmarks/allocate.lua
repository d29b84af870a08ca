-- wrk -s allocate.lua URL -- CONTENT_KEY PRICE_CENTS PATH...: ten new learners in each request, one
-- path after another.
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init(arguments)
    content = table.remove(arguments, 1)
    price = table.remove(arguments, 1)
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
    local body = string.format(
        '{"learner_emails":[%s],"content_key":"%s","content_price_cents":%s}',
        table.concat(emails, ","), content, price)
    return wrk.format(nil, paths[count % #paths + 1], nil, body)
end
