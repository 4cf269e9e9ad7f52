using Mapwire.Mutation;

// Mutants of the server: see tests/mutate.sh.
MutationOptions? options = MutationOptions.Parse(args);
if (options is null)
{
    Console.Error.WriteLine("usage: Mapwire.Mutation ROOT TREE [--seed N] [--count N] [--jobs N] [--conformance]");
    return 2;
}

MutatedTree tree = MutatedTree.Create(options);
return new MutationRun(options, tree).Run();
