"""
Tenants for the sandbox: made up in any size, from a person's own inventory, and the demo's cast.

`generator.generate` makes a tenant from a seed; `azure_cli.load` reads the output of `az ad
app list`; `cast.with_cast` puts the named characters in front; `document` writes and reads a
tenant as JSON; `load.load_into` fills the sandbox's Entra; `counts.counts_of` measures one.
"""
