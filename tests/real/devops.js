// Reads and writes with Microsoft's own client (azure-devops-node-api), and prints what it saw as JSON.
const azdev = require(process.env.CLIENT);
const { ORGANIZATION, TOKEN, PROJECT, GROUP, CONNECTION } = process.env;

async function main() {
  const web = new azdev.WebApi(ORGANIZATION, azdev.getPersonalAccessTokenHandler(TOKEN));
  const agent = await web.getTaskAgentApi();
  const group = await agent.getVariableGroup(PROJECT, Number(GROUP));
  group.variables.FROM_NODE = { value: "1" };
  const written = await agent.updateVariableGroup(group, group.id);
  const endpoints = await web.getServiceEndpointApi();
  const endpoint = await endpoints.getServiceEndpointDetails(PROJECT, CONNECTION);
  endpoint.description = "from node";
  const kept = await endpoints.updateServiceEndpoint(endpoint, CONNECTION);
  process.stdout.write(JSON.stringify({ group, written, endpoint, kept }));
}

main().catch((error) => {
  process.stderr.write(String(error.stack || error));
  process.exit(1);
});
