// A client that openapi-typescript and openapi-fetch generated does the usual.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { argv: string[] };

function check(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const [url, clientId, secret, catalog, policy, course] = process.argv.slice(2);
check(course !== undefined && policy !== undefined && catalog !== undefined, process.argv);

const anonymous = createClient<paths>({ baseUrl: url });
const token = await anonymous.POST("/oauth2/v1/access_token", {
  body: { grant_type: "client_credentials", client_id: clientId, client_secret: secret, token_type: "jwt" },
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: (body) => new URLSearchParams(body as Record<string, string>),
});
check(token.data !== undefined, token.error);

const client = createClient<paths>({
  baseUrl: url,
  headers: { Authorization: `JWT ${token.data.access_token}` },
});

const catalogs = await client.GET("/enterprise/v2/enterprise-catalogs", {
  params: { query: { page_size: 1 } },
});
check(catalogs.data?.results[0]?.uuid === catalog, catalogs);

const keys: string[] = [];
for (let number = 1; ; number += 1) {
  const page = await client.GET("/enterprise/v2/enterprise-catalogs/{catalog_id}", {
    params: { path: { catalog_id: catalog }, query: { page: String(number), limit: 1 } },
  });
  check(page.data !== undefined, page.error);
  for (const item of page.data.results) {
    if ("key" in item && typeof item.key === "string") keys.push(item.key);
  }
  if (page.data.next === null) break;
}
check(keys.includes(course), keys);

const allocation = {
  params: { path: { policy_uuid: policy } },
  body: { learner_emails: ["typescript@example.org"], content_key: course, content_price_cents: 10000 },
};
const path = "/enterprise/v1/policy-allocation/{policy_uuid}/allocate";
const allocated = await client.POST(path, allocation);
check(allocated.data?.created[0]?.learner_email === "typescript@example.org", allocated);

const refused = await client.POST(path, {
  ...allocation,
  body: { ...allocation.body, learner_emails: ["nonsense"] },
});
check(refused.response.status === 400 && refused.error !== undefined, refused);
check("learner_emails" in refused.error, refused.error);
console.log("done");
