"""Commands of the pages that tests/real/commands does not type: those that another test runs, and those that nothing here can run."""

TESTED = {
    "rotation --install-completion": "tests/unit/cli/test_cli_completion.py::test_bash_completes_the_commands",
    "python -m docs.make_phases": "tests/unit/docs/test_docs.py::test_the_phase_table_is_what_the_code_allows",
    "python -m docs.make_events": "tests/unit/docs/test_events.py::test_the_page_is_what_the_code_logs",
    "python -m docs.make_scale": "tests/unit/docs/test_docs.py::test_what_a_month_costs_is_what_was_counted",
    ".venv/bin/python -m tests.versions": "tests/versions/test_rows.py::test_todays_shape_is_kept",
    "make demo": "tests/sandbox/test_demo.py::test_every_promise_of_the_default_story_is_kept",
    "make demo ARGS=--exit": "tests/sandbox/test_demo.py::test_every_promise_of_the_default_story_is_kept",
    "make sandbox": "tests/sandbox/test_run.py::test_the_app_answers_behind_its_key",
    'make sandbox ARGS="--inventory applications.json"': (
        "tests/sandbox/test_demo.py::test_tonights_run_is_rehearsed_on_somebodys_own_inventory"
    ),
    "make chaos": "tests/real/test_chaos_runs.py::test_one_short_run_breaks_no_promise_and_reports_what_there_was",
    'make chaos ARGS="--runs 10 --seed 1 --report chaos.json"': (
        "tests/real/test_chaos_runs.py::test_one_short_run_breaks_no_promise_and_reports_what_there_was"
    ),
    'make chaos ARGS="--runs 10 --seed 31"': (
        "tests/real/test_chaos_runs.py::test_one_short_run_breaks_no_promise_and_reports_what_there_was"
    ),
    'make chaos ARGS="--plant look-first-off"': "tests/real/test_chaos_runs.py::test_a_plant_is_caught",
    "make fuzz": "tests/fuzz/test_parsers.py::test_it_answers_whatever_it_is_given",
    'make fuzz ARGS="--inputs 1500 --seed 20261130"': (
        "tests/fuzz/test_parsers.py::test_it_answers_whatever_it_is_given"
    ),
    "make sbom": "tests/real/test_deployed_parts.py::test_the_bill_of_materials_and_the_licences_are_those_of_the_pins",
    "make site": "tests/real/test_site.py::test_every_page_is_there",
    'curl --fail --header "x-functions-key: $key" "$ROTATION_APP_URL/api/health"': (
        "tests/sandbox/test_functions_app.py::test_a_scan_is_run_from_its_queue_and_health_is_well_afterwards"
    ),
    """curl -s -X POST https://APP.azurewebsites.net/api/scans -H "x-functions-key: $KEY" -d '{"dryRun": true}'""": (
        "tests/sandbox/test_functions_app.py::test_a_scan_is_run_from_its_queue_and_health_is_well_afterwards"
    ),
    'curl -s https://APP.azurewebsites.net/entra/api/lines -H "Authorization: Bearer $TOKEN"': (
        "tests/sandbox/test_people_sign_in.py::test_an_application_comes_with_a_token_for_us_and_with_no_other"
    ),
    'curl -i -H "X-MS-CLIENT-PRINCIPAL: eyJjbGFpbXMiOltdfQ==" $ROTATION_APP_URL/entra/api/lines': (
        "tests/sandbox/test_people_sign_in.py::test_a_stranger_learns_nothing_and_forged_headers_do_not_help"
    ),
    "infra/scripts/deploy-tenant.sh infra/tenants/contoso.bicepparam": (
        "tests/infra/test_tenants.py::test_a_file_is_deployed_where_its_head_says"
    ),
    "infra/scripts/deploy-tenant.sh --apply infra/tenants/contoso.bicepparam": (
        "tests/infra/test_tenants.py::test_a_file_is_deployed_where_its_head_says"
    ),
    'infra/scripts/grant-graph-permissions.sh --identity "$ROTATION_IDENTITY_PRINCIPAL_ID" --apply': (
        "tests/infra/test_scripts.py::test_a_second_run_changes_nothing_more"
    ),
    'infra/scripts/own-applications.sh --identity "$ROTATION_IDENTITY_PRINCIPAL_ID" <client id> <client id>': (
        "tests/infra/test_scripts.py::test_nothing_is_changed_without_apply"
    ),
    'infra/scripts/own-applications.sh --identity "$ROTATION_IDENTITY_PRINCIPAL_ID" --file ours.txt --apply': (
        "tests/infra/test_scripts.py::test_one_application_that_fails_does_not_hold_back_the_others"
    ),
    'infra/scripts/register-applications.sh --identity "$ROTATION_IDENTITY_PRINCIPAL_ID" --suffix "$ROTATION_SUFFIX" '
    '--address "$ROTATION_APP_URL" --apply': "tests/infra/test_scripts.py::test_a_second_run_changes_nothing_more",
    'infra/scripts/upload-configuration.sh --account "$AzureWebJobsStorage__accountName" --place "$ROTATION_CONFIG" '
    "--overwrite --apply": (
        "tests/infra/test_scripts.py::test_a_configuration_that_is_there_stays_unless_said_otherwise"
    ),
    "infra/scripts/upload-configuration.sh --account ACCOUNT --place PLACE --apply": (
        "tests/infra/test_scripts.py::test_a_second_run_changes_nothing_more"
    ),
}
"""The test that runs it, or what it starts with other words."""

NOT_HERE = {
    "it deploys to a subscription with Azure's own tools, which ask Azure": (
        "azd up",
        "azd deploy",
        "azd down",
        "azd provision",
        "azd env new prod",
        "azd env new contoso",
        "azd env set NAME value",
        "azd env set AZURE_SUBSCRIPTION_ID <id>",
        "azd env set ROTATION_PRIVATE_NETWORK true",
        "azd env config set infra.parameters.<name> <value>",
        "azd env set ROTATION_ALERT_ADDRESSES you@contoso.com,team@contoso.com && azd provision",
        "azd env set ROTATION_SIGN_IN_CLIENT_ID <client id> && azd provision",
        'azd env set ROTATION_GRAPH_BY_BICEP false && azd up && set -a && eval "$(azd env get-values)" && set +a',
        (
            'azd env set ROTATION_SIGN_IN_WORKSPACES "$(az monitor log-analytics workspace show --ids <resource id> '
            '--query customerId --output tsv)"'
        ),
        'set -a; eval "$(azd env get-values)"; set +a',
        'set -a; eval "$(azd env get-values)"; set +a; python -m rotation status',
        "git checkout <tag> && azd deploy",
        "git checkout <tag of the version before> && azd deploy",
        "func azure functionapp publish APP_NAME --python",
        "export AZURE_ENV_NAME=prod AZURE_LOCATION=westeurope AZURE_PRINCIPAL_ID=... ROTATION_OPERATORS_GROUP_ID=...",
        "export ROTATION_ALERT_ADDRESSES=... ROTATION_BUDGET_START=2027-01-01",
        'az deployment sub create --name rotation --location "$AZURE_LOCATION" --parameters infra/main.prod.bicepparam',
        "az deployment sub create -l REGION -f infra/main.bicep -p environmentName=prod location=REGION",
        'az deployment sub what-if --location "$AZURE_LOCATION" --parameters infra/main.prod.bicepparam',
    ),
    "a person signs in with a browser": (
        "az login",
        "az login && azd auth login",
        "az cloud set --name AzureCloud && az login --tenant aaaaaaaa-0000-4000-8000-00000000c001",
        "TOKEN=$(az account get-access-token --resource api://TENANT/rotation-SUFFIX --query accessToken --output tsv)",
    ),
    "the Azure CLI fetches Microsoft's Bicep compiler": (
        "az bicep build --file infra/main.bicep --stdout > /dev/null",
        "az bicep build-params --file infra/main.prod.bicepparam --stdout > /dev/null",
        "az bicep lint --file infra/main.bicep",
    ),
    "it asks Azure's resource manager, which the sandbox has for what destinations use alone": (
        'az functionapp list-flexconsumption-runtimes --location "$AZURE_LOCATION" --runtime python',
        "az functionapp show --name APP --resource-group GROUP --query state",
        (
            'key=$(az functionapp keys list --resource-group "$AZURE_RESOURCE_GROUP" --name "$ROTATION_APP_NAME" '
            "--query functionKeys.default --output tsv)"
        ),
        'az identity create --name rotation-pipeline --resource-group "$AZURE_RESOURCE_GROUP"',
        (
            "az identity federated-credential create --name github --identity-name rotation-pipeline "
            '--resource-group "$AZURE_RESOURCE_GROUP" --issuer https://token.actions.githubusercontent.com '
            "--subject repo:OWNER/REPOSITORY:environment:NAME --audiences api://AzureADTokenExchange"
        ),
        (
            "az role assignment create --assignee-object-id <principal id of that identity> "
            "--assignee-principal-type ServicePrincipal --role 'Website Contributor' "
            "--scope <resource id of the function app>"
        ),
        "az keyvault list-deleted",
        "az keyvault recover --name VAULT",
        "az keyvault update --name VAULT --default-action Deny",
        (
            'az role assignment create --assignee-object-id "$ROTATION_IDENTITY_PRINCIPAL_ID" --assignee-principal-type '
            "ServicePrincipal --role 'Key Vault Secrets Officer' --scope <resource id of the vault, or of one secret: "
            "<vault>/secrets/<name>>"
        ),
        (
            'az role assignment create --assignee-object-id "$ROTATION_IDENTITY_PRINCIPAL_ID" --assignee-principal-type '
            "ServicePrincipal --role 'Log Analytics Reader' --scope <resource id>"
        ),
        (
            'az role assignment create --role "Key Vault Secrets Officer" --assignee-object-id <Rotation\'s principal> '
            "--assignee-principal-type ServicePrincipal --scope <vault's resource id>/secrets/payments-client-secret"
        ),
        "az storage account list --query \"[?name=='ACCOUNT']\"",
        (
            'etag=$(az storage container immutability-policy show --account-name "$AzureWebJobsStorage__accountName" '
            "--container-name audit --query etag --output tsv)"
        ),
        (
            'az storage container immutability-policy lock --account-name "$AzureWebJobsStorage__accountName" '
            '--container-name audit --if-match "$etag"'
        ),
    ),
    "the Azure CLI goes to an account under Azure's own domain": (
        'az storage blob list --container-name audit --auth-mode login --account-name "$AzureWebJobsStorage__accountName"',
        "az storage blob list --include v --auth-mode login ...",
        "az rest -m post -u https://graph.microsoft.com/v1.0/directory/deletedItems/OBJECT_ID/restore",
    ),
    "another service than Azure, or a machine of somebody else": (
        "aws secretsmanager restore-secret --secret-id NAME",
        "journalctl -u UNIT",
        "sudo -n systemctl restart -- UNIT",
        (
            "pwsh infra/scripts/scope-mail.ps1 -ClientId <client id of the identity> -ObjectId "
            '"$ROTATION_IDENTITY_PRINCIPAL_ID" -Mailbox rotation@contoso.com'
        ),
    ),
    "it names something for the shell that is open": ("alias rotation='.venv/bin/python -m rotation'",),
    "CI runs it, and it runs the tests": (
        ".ci/run",
        "make check",
        "make test",
        'make test ARGS="tests/unit -q"',
        "make test-real",
        "make coverage",
        "make crash",
        "make mutants",
        "make mutants ARGS=\"'rotation.domain.line*'\"",
    ),
    "it measures for a quarter of an hour": (
        "make bench",
        'make bench ARGS="--keep"',
        'make bench ARGS="--only rotations"',
    ),
    "it asks the package index, or an advisory service; a workflow runs it": (
        "git clone REPOSITORY rotation && cd rotation",
        "make audit",
        "make lock",
        "make package",
        "uv export --no-dev",
    ),
    "it changes files of the checkout, and `make check` holds what comes of it": ("make format", "make schema"),
    "no command, but the form or the name of one": (
        "rotation ...",
        "bin/rotation",
        ".venv/bin/python -m rotation",
        "infra/scripts/upload-configuration.sh",
    ),
}
"""Why each of these cannot be run here."""
