using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using Mapwire.Memory.Tests.Readme;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>What a newcomer gets: the package from a folder, its README, and the README's programs built against it.</summary>
/// <remarks>By default the programs run under the JIT. With MAPWIRE_PUBLISH=1 they and all samples are also published trimmed and as
/// Native AOT, which takes minutes: without a warning, and with the same output.</remarks>
public sealed class PackageTests(PackageTests.Package package) : IClassFixture<PackageTests.Package>
{
    private static readonly bool Publishes = Environment.GetEnvironmentVariable("MAPWIRE_PUBLISH") == "1";

    [Fact]
    public void The_package_has_what_a_reader_and_a_debugger_need()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.Path);
        string[] names = [.. archive.Entries.Select(entry => entry.FullName)];
        foreach (string name in new[] { "README.md", "icon.png", "CHANGELOG.md", "lib/net10.0/Mapwire.Memory.dll",
            "lib/net10.0/Mapwire.Memory.xml",
            "analyzers/dotnet/cs/Mapwire.Memory.Analyzers.dll" })
        {
            Assert.Contains(name, names);
        }

        XElement metadata = XDocument.Load(archive.GetEntry("Mapwire.Memory.nuspec")!.Open()).Root!.Elements().First();
        string Value(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal(("README.md", "icon.png", "MIT"), (Value("readme"), Value("icon"), Value("license")));
        foreach (string part in new[] { "mapped files", "shared memory", "persistent data structures" })
        {
            Assert.Contains(part, Value("description"), StringComparison.OrdinalIgnoreCase);
        }

        Assert.True(Value("tags").Split(' ').Length >= 10);
        Assert.DoesNotContain("](../", package.Readme); // a link to a folder that no package has
    }

    [Fact]
    public void The_library_has_its_symbols_and_no_folder_of_the_machine_that_built_it()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.Path);
        MemoryStream image = new();
        archive.GetEntry("lib/net10.0/Mapwire.Memory.dll")!.Open().CopyTo(image);
        image.Position = 0;
        using PEReader reader = new(image);
        DebugDirectoryEntry[] entries = [.. reader.ReadDebugDirectory()];
        Assert.Contains(entries, entry => entry.Type == DebugDirectoryEntryType.Reproducible); // deterministic
        using MetadataReaderProvider symbols = reader.ReadEmbeddedPortablePdbDebugDirectoryData(
            entries.Single(entry => entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb));
        MetadataReader documents = symbols.GetMetadataReader();
        string[] paths = [.. documents.Documents.Select(handle => documents.GetString(documents.GetDocument(handle).Name))];
        Assert.NotEmpty(paths);
        Assert.All(paths, path => Assert.StartsWith("/_/", path));
        Assert.True(image.ToArray().AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(package.Repository)) < 0,
            "the library names a folder of this machine");
    }

    [Fact]
    public void Programs_of_the_README_print_what_it_says() => AssertOutput(package.Build("build", "-p:TreatWarningsAsErrors=true"));

    [Fact]
    public void Programs_and_samples_published_trimmed_and_as_Native_AOT_do_the_same_without_a_warning()
    {
        if (!Publishes)
        {
            return; // minutes; see CONTRIBUTING.md
        }

        AssertOutput(
            package.Build("publish", "-r", "linux-x64", "--self-contained", "-p:PublishTrimmed=true", "-p:TreatWarningsAsErrors=true"));
        AssertOutput(package.Build("publish", "-r", "linux-x64", "-p:PublishAot=true", "-p:TreatWarningsAsErrors=true"));
        foreach (string sample in Directory.GetFiles(Path.Combine(package.Repository, "samples"), "*.csproj", SearchOption.AllDirectories))
        {
            string name = Path.GetFileNameWithoutExtension(sample);
            foreach (string kind in new[] { "PublishTrimmed", "PublishAot" })
            {
                string output = Path.Combine(package.Folder, name + kind);
                string said = package.DotNet("publish", sample, "-c", "Release", "-r", "linux-x64", "--self-contained", $"-p:{kind}=true",
                    "-p:TreatWarningsAsErrors=true", "-o", output, "--nologo", "-v", "quiet", "-clp:NoSummary");
                Assert.DoesNotContain("warning", said);
                Assert.True(File.Exists(Path.Combine(output, name)), $"{name} is not published ({kind})");
            }
        }
    }

    [Fact]
    public void Nothing_suppresses_warnings_about_trimming_or_AOT()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(package.Repository, "src", "Mapwire.Memory"), "*.cs*",
            SearchOption.AllDirectories)
            .Concat(Directory.GetFiles(Path.Combine(package.Repository, "samples"), "*.cs*", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)))
        {
            Assert.DoesNotMatch("UnconditionalSuppressMessage|IL[23][0-9]{3}", File.ReadAllText(file));
        }
    }

    private void AssertOutput(string program)
    {
        for (int i = 0; i < package.Programs.Count; i++)
        {
            string folder = Directory.CreateDirectory(Path.Combine(package.Folder, $"run-{Guid.NewGuid():n}")).FullName;
            Assert.Equal((i, package.Programs[i].Output), (i, package.Run(program, folder, $"{i}")));
        }
    }

    /// <summary>The package of this source, in a folder that is a feed, and a project that has all programs of its README.</summary>
    public sealed class Package : IDisposable
    {
        private readonly TempFolder _folder = new();
        private readonly string _version = $"0.1.0-test.{Environment.ProcessId}.{Environment.TickCount64}";

        public Package()
        {
            DirectoryInfo up = new(AppContext.BaseDirectory);
            while (!File.Exists(System.IO.Path.Combine(up.FullName, "Mapwire.slnx")))
            {
                up = up.Parent!;
            }

            Repository = up.FullName;
            DotNet("pack", System.IO.Path.Combine(Repository, "src", "Mapwire.Memory"), "-c", "Release", "-o", _folder["feed"],
                $"-p:PackageVersion={_version}", "--nologo", "-v", "quiet", "-clp:NoSummary");
            Path = Directory.GetFiles(_folder["feed"], "*.nupkg").Single();
            using ZipArchive archive = ZipFile.OpenRead(Path);
            using StreamReader reader = new(archive.GetEntry("README.md")!.Open());
            Readme = reader.ReadToEnd();
            Programs = ReadmeProgram.Parse(Readme);
            Assert.True(Programs.Count >= 8, $"{Programs.Count} programs");
        }

        public string Repository { get; }

        public string Path { get; }

        public string Readme { get; }

        public string Folder => _folder.Root;

        internal IReadOnlyList<ReadmeProgram> Programs { get; }

        /// <summary>Builds all programs by one command; returns the executable.</summary>
        public string Build(string verb, params string[] options)
        {
            string folder = Directory.CreateDirectory(_folder[$"programs-{Guid.NewGuid():n}"]).FullName;
            File.WriteAllText(System.IO.Path.Combine(folder, "programs.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <Nullable>enable</Nullable>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <InvariantGlobalization>true</InvariantGlobalization>
                    <NuGetAudit>false</NuGetAudit>
                    <RestoreAdditionalProjectSources>{_folder["feed"]}</RestoreAdditionalProjectSources>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="Mapwire.Memory" Version="{_version}" />
                  </ItemGroup>
                </Project>
                """);
            for (int i = 0; i < Programs.Count; i++)
            {
                File.WriteAllText(System.IO.Path.Combine(folder, $"Example{i}.cs"), Programs[i].ToClass(i));
            }

            File.WriteAllText(System.IO.Path.Combine(folder, "Program.cs"), $$"""
                await (args[0] switch
                {
                    {{string.Join('\n', Enumerable.Range(0, Programs.Count).Select(i => $"\"{i}\" => Example{i}.Program.Run(),"))}}
                    _ => throw new ArgumentException(args[0]),
                });
                """);
            string output = System.IO.Path.Combine(folder, "out");
            string said = DotNet([verb, folder, "-c", "Release", "-o", output, "--nologo", "-v", "quiet", "-clp:NoSummary", .. options]);
            Assert.DoesNotContain("warning", said);
            return System.IO.Path.Combine(output, "programs");
        }

        public string DotNet(params string[] arguments) => Run("dotnet", Folder, arguments);

        public string Run(string program, string folder, params string[] arguments)
        {
            ProcessStartInfo start =
                new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
            start.Environment["MSBUILDDISABLENODEREUSE"] = "1"; // nothing stays behind that holds the folder
            using Process process = PatientStart.Of(start);
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0,
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}\n{error.Result}");
            return output.ReplaceLineEndings("\n");
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
    }
}
