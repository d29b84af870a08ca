// Verifies one request as a receiver in JavaScript does. Arguments: the folder of the packages, the
// secret, and the headers and the body as JSON.
const [folder, secret, headers, body] = process.argv.slice(2);
const { Webhook } = require(`${folder}/standardwebhooks`);

try {
  console.log(JSON.stringify(new Webhook(secret).verify(body, JSON.parse(headers))));
} catch (error) {
  console.log(error.message);
}
