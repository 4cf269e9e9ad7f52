using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using Mapwire.Memory.Tests.Readme;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux.Packaging;

/// <summary>The package of this source in a folder that is a feed, and the programs of its README and of the samples, each a project that
/// refers to the package as a newcomer's would.</summary>
public sealed class PackedPackage : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _version = $"0.1.0-test.{Environment.ProcessId}.{Environment.TickCount64}";
    private readonly Dictionary<string, string> _outputs = new(StringComparer.Ordinal);
    private readonly Lazy<string> _built;

    public PackedPackage()
    {
        DirectoryInfo up = new(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(up.FullName, "Mapwire.slnx")))
        {
            up = up.Parent!;
        }

        Repository = up.FullName;
        DotNet("pack", System.IO.Path.Combine(Repository, "src", "Mapwire.Memory"), "-c", "Release", "-o", _folder["feed"],
            $"-p:PackageVersion={_version}");
        Path = Directory.GetFiles(_folder["feed"], "*.nupkg").Single();
        using StreamReader reader = new(new MemoryStream(Read("README.md")));
        Readme = reader.ReadToEnd();
        IEnumerable<PackagedProgram> examples =
            ReadmeProgram.Parse(Readme).Select((program, i) => new PackagedProgram($"Readme{i + 1}", program.Code, program.Output));
        IEnumerable<PackagedProgram> samples =
            Directory.GetFiles(System.IO.Path.Combine(Repository, "samples"), "Program.cs", SearchOption.AllDirectories).Order()
                .Select(file => new PackagedProgram(new FileInfo(file).Directory!.Name, File.ReadAllText(file), null));
        Programs = [.. examples, .. samples];
        _built = new Lazy<string>(() =>
        {
            string folder = WriteProjects("jit", Programs);
            DotNet("build", System.IO.Path.Combine(folder, "programs.slnx"), "-c", "Release", "-p:TreatWarningsAsErrors=true");
            return folder;
        });
    }

    /// <summary>The folder of the repository.</summary>
    public string Repository { get; }

    /// <summary>The package.</summary>
    public string Path { get; }

    /// <summary>The README in the package.</summary>
    public string Readme { get; }

    /// <summary>The README's programs, then the samples.</summary>
    public IReadOnlyList<PackagedProgram> Programs { get; }

    /// <summary>The bytes of one file in the package.</summary>
    public byte[] Read(string entry) => Read(Path, entry);

    /// <summary>The bytes of one file in a package.</summary>
    public static byte[] Read(string package, string entry)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        using Stream stream = archive.GetEntry(entry)!.Open();
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>What a program prints as `dotnet build` makes it.</summary>
    public string OutputUnderJit(PackagedProgram program)
    {
        if (!_outputs.TryGetValue(program.Name, out string? output))
        {
            output = program.Run(System.IO.Path.Combine(_built.Value, program.Name, "bin", "Release", "net10.0", program.Name));
            _outputs.Add(program.Name, output);
        }

        return output;
    }

    /// <summary>Publishes programs with a property such as PublishAot set; returns the folder of their projects.</summary>
    public string Publish(string property, IReadOnlyList<PackagedProgram> programs)
    {
        string folder = WriteProjects(property, programs);
        string said = DotNet("publish", System.IO.Path.Combine(folder, "programs.slnx"), "-c", "Release", $"-p:{property}=true",
            "-p:TrimmerSingleWarn=false", "-p:TreatWarningsAsErrors=true");
        Assert.DoesNotContain("warning", said);
        return folder;
    }

    /// <summary>Packs a copy of the source, of the same commit, in another folder; returns that package's path.</summary>
    public string PackInAnotherFolder()
    {
        IEnumerable<string> sources =
            ((string[])["Mapwire.Memory", "Mapwire.Memory.Analyzers"]).Select(name => System.IO.Path.Combine(Repository, "src", name))
            .SelectMany(project => Directory.GetFiles(project, "*", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Concat(Directory.GetFiles(Repository).Where(file => System.IO.Path.GetFileName(file) != ".git"));
        foreach (string file in sources)
        {
            string copy = _folder[System.IO.Path.Combine("copy", System.IO.Path.GetRelativePath(Repository, file))];
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        // What git knows of the source is in the symbols, so the copy is a work tree of the same repository and of the same commit.
        XElement? source = XDocument.Load(new MemoryStream(Read("Mapwire.Memory.nuspec"))).Descendants()
            .SingleOrDefault(element => element.Name.LocalName == "repository");
        string git = System.IO.Path.Combine(Repository, ".git");
        if (System.IO.Path.Exists(git))
        {
            File.WriteAllText(_folder["copy/.git"], File.Exists(git) ? File.ReadAllText(git) : $"gitdir: {git}\n");
        }

        DotNet("pack", _folder["copy/src/Mapwire.Memory"], "-c", "Release", "-o", _folder["copy/feed"], $"-p:PackageVersion={_version}",
            $"-p:SourceRevisionId={source?.Attribute("commit")?.Value}");
        return Directory.GetFiles(_folder["copy/feed"], "*.nupkg").Single();
    }

    public void Dispose()
    {
        string cached = System.IO.Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages", "mapwire.memory", _version);
        if (Directory.Exists(cached))
        {
            Directory.Delete(cached, recursive: true);
        }

        _folder.Dispose();
    }

    /// <summary>A console project a program, as `dotnet new console` and `dotnet add package` leave it.</summary>
    private string WriteProjects(string name, IReadOnlyList<PackagedProgram> programs)
    {
        string folder = Directory.CreateDirectory(_folder[name]).FullName;
        foreach (PackagedProgram program in programs)
        {
            string project = Directory.CreateDirectory(System.IO.Path.Combine(folder, program.Name)).FullName;
            File.WriteAllText(System.IO.Path.Combine(project, "Program.cs"), program.Code);
            File.WriteAllText(System.IO.Path.Combine(project, $"{program.Name}.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <Nullable>enable</Nullable>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="Mapwire.Memory" Version="{_version}" />
                  </ItemGroup>
                </Project>
                """);
        }

        // What the machine is, not the program: where the feed lies, and that there may be no ICU.
        File.WriteAllText(System.IO.Path.Combine(folder, "Directory.Build.props"), $"""
            <Project>
              <PropertyGroup>
                <RestoreAdditionalProjectSources>{_folder["feed"]}</RestoreAdditionalProjectSources>
                <NuGetAudit>false</NuGetAudit>
                <InvariantGlobalization>true</InvariantGlobalization>
              </PropertyGroup>
            </Project>
            """);
        IEnumerable<string> projects = programs.Select(program => $"<Project Path=\"{program.Name}/{program.Name}.csproj\" />");
        File.WriteAllText(System.IO.Path.Combine(folder, "programs.slnx"), $"<Solution>\n{string.Join('\n', projects)}\n</Solution>\n");
        return folder;
    }

    private string DotNet(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [.. arguments, "--nologo", "-v", "quiet", "-clp:NoSummary"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Root,
        };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1"; // nothing stays behind that holds the folder
        using Process process = PatientStart.Of(start);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0,
            $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }
}
