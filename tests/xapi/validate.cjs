// Prints what Learning Locker's validator finds wrong with each statement. Arguments: the folder of
// the packages, and the statements as a JSON array.
const [folder, statements] = process.argv.slice(2);
const { default: validate } = require(`${folder}/xapi-validation`);

const found = JSON.parse(statements).map((each) => validate(each).map(String));
console.log(JSON.stringify(found));
