namespace Mapwire.Fuzzing;

/// <summary>What is fuzzed: where cases come from, how they are varied, and what has to hold for each.</summary>
public interface IFuzzSubject
{
    /// <summary>A word for file names and messages.</summary>
    string Name { get; }

    /// <summary>Cases to begin with.</summary>
    IEnumerable<FuzzCase> Seeds();

    /// <summary>Makes the case that a file of the corpus, or of an earlier find, holds.</summary>
    /// <param name="name">The file's name without its folder.</param>
    /// <param name="bytes">What is in it.</param>
    FuzzCase Load(string name, byte[] bytes);

    /// <summary>A new case, damaged with an eye on the grammar, or made from nothing by it.</summary>
    /// <param name="sound">The case to vary.</param>
    /// <param name="other">Another one, to take pieces from.</param>
    /// <param name="random">The only source of chance.</param>
    FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random);

    /// <summary>Runs a case. The same bytes always do the same.</summary>
    /// <param name="given">The case.</param>
    /// <param name="features">Told what the case reached.</param>
    /// <returns>Whether it was accepted; refused by the domain's own exception, it is not.</returns>
    /// <exception cref="Exception">A promise was broken.</exception>
    bool Run(FuzzCase given, FeatureSet features);

    /// <summary>The most bytes that running a case may allocate.</summary>
    long MostAllocated(FuzzCase given);
}
