using FsCheck;
using FsCheck.Fluent;
using Mapwire.Memory.Tests.Support;

namespace Mapwire.Arenas.Tests.Support;

/// <summary>Random steps for a container and its namesake. MAPWIRE_MODEL_ROUNDS says how many sequences there are.</summary>
internal static class Steps
{
    /// <summary>Three numbers a step: what, where, how much.</summary>
    public static void Check(Action<(int What, int Where, int Much)[]> run)
    {
        Gen<(int, int, int)[]> steps = Gen.Choose(0, int.MaxValue - 1).Three()
            .Select(t => (t.Item1, t.Item2, t.Item3)).ArrayOf().Resize(200);
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Rounds.Of("MAPWIRE_MODEL_ROUNDS", usual: 300)), Prop.ForAll(steps.ToArbitrary(), run));
    }
}
