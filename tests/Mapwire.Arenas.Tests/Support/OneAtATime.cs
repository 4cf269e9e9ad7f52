// The hooks that stop the library between two steps and see what it writes are one for all tests.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
