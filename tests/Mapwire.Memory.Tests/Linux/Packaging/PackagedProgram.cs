using Mapwire.Memory.Tests.Support;

namespace Mapwire.Memory.Tests.Linux.Packaging;

/// <summary>A program that a newcomer may paste: one of the README's or a sample, as it stands.</summary>
/// <param name="Name">The name of its project.</param>
/// <param name="Code">Its only file.</param>
/// <param name="Expected">What the README says that it prints; null for a sample.</param>
public sealed record PackagedProgram(string Name, string Code, string? Expected)
{
    /// <summary>Does with the executable what a user would, in a folder of its own; returns what that printed.</summary>
    public string Run(string executable)
    {
        using TempFolder folder = new();
        ProgramRun run = new(executable, folder.Root);
        return Expected is null ? SampleScript.Play(Name, run) : run.Play();
    }
}
