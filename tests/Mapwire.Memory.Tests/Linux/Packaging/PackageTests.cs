using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Xunit;

namespace Mapwire.Memory.Tests.Linux.Packaging;

/// <summary>What a newcomer gets: the package from a folder, its README, and the programs of README and samples built against it.</summary>
/// <remarks>By default a few programs are published as Native AOT, which trims them as well; with MAPWIRE_PUBLISH=1 all of them are,
/// trimmed too, which takes minutes.</remarks>
public sealed class PackageTests(PackedPackage package) : IClassFixture<PackedPackage>
{
    private const string Library = "lib/net10.0/Mapwire.Memory.dll";
    private const string Analyzers = "analyzers/dotnet/cs/Mapwire.Memory.Analyzers.dll";

    /// <summary>The first thing that a newcomer tries, and generated registrations.</summary>
    private static readonly string[] PublishedByDefault = ["Readme1", "Bookshelf"];

    private static readonly bool PublishesAll = Environment.GetEnvironmentVariable("MAPWIRE_PUBLISH") == "1";

    [Fact]
    public void The_package_has_what_a_reader_and_a_debugger_need()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.Path);
        string[] names = [.. archive.Entries.Select(entry => entry.FullName)];
        string[] needed =
        [
            "README.md", "icon.png", "CHANGELOG.md", "LICENSE", Library, "lib/net10.0/Mapwire.Memory.xml", Analyzers,
        ];
        Assert.All(needed, name => Assert.Contains(name, names));
        Assert.Equal([Library, "lib/net10.0/Mapwire.Memory.xml"],
            names.Where(name => name.StartsWith("lib/", StringComparison.Ordinal)).Order());

        XElement metadata = XDocument.Load(archive.GetEntry("Mapwire.Memory.nuspec")!.Open()).Root!.Elements().First();
        string Value(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal(("README.md", "icon.png", "MIT"), (Value("readme"), Value("icon"), Value("license")));
        Assert.All(["mapped files", "shared memory", "persistent data structures"],
            part => Assert.Contains(part, Value("description"), StringComparison.OrdinalIgnoreCase));
        Assert.True(Value("tags").Split(' ').Length >= 10);
        Assert.DoesNotContain(metadata.Descendants(), element => element.Name.LocalName == "dependency");
    }

    [Fact]
    public void Links_of_the_README_work_inside_a_package()
    {
        foreach (string[] link in package.Readme.Split("](").Skip(1).Select(rest => rest.Split(')', 2)))
        {
            Assert.True(link[0].StartsWith("https://", StringComparison.Ordinal) || link[0].StartsWith('#'),
                $"'{link[0]}' leads to a file that nuget's page of the package does not have");
        }
    }

    [Fact]
    public void The_library_has_its_symbols_and_no_folder_of_the_machine_that_built_it()
    {
        byte[] image = package.Read(Library);
        using PEReader reader = new(new MemoryStream(image));
        DebugDirectoryEntry[] entries = [.. reader.ReadDebugDirectory()];
        Assert.Contains(entries, entry => entry.Type == DebugDirectoryEntryType.Reproducible); // deterministic
        using MetadataReaderProvider symbols = reader.ReadEmbeddedPortablePdbDebugDirectoryData(
            entries.Single(entry => entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb));
        MetadataReader documents = symbols.GetMetadataReader();
        string[] paths = [.. documents.Documents.Select(handle => documents.GetString(documents.GetDocument(handle).Name))];
        Assert.NotEmpty(paths);
        Assert.All(paths, path => Assert.StartsWith("/_/", path));
        Assert.All([Library, Analyzers], entry => Assert.True(
            package.Read(entry).AsSpan().IndexOf(Encoding.UTF8.GetBytes(package.Repository)) < 0,
            $"{entry} names a folder of the machine that built it"));
    }

    [Fact]
    public void A_build_in_another_folder_has_the_same_bytes()
    {
        string other = package.PackInAnotherFolder();
        Assert.All([Library, Analyzers, "lib/net10.0/Mapwire.Memory.xml"],
            entry => Assert.Equal((entry, Hash(package.Path, entry)), (entry, Hash(other, entry))));
    }

    [Fact]
    public void Programs_of_README_and_samples_do_what_they_say()
    {
        Assert.True(package.Programs.Count(program => program.Expected is not null) >= 8, "programs of the README are missing");
        Assert.All(package.Programs.Where(program => program.Expected is not null),
            program => Assert.Equal((program.Name, program.Expected), (program.Name, package.OutputUnderJit(program))));
    }

    /// <summary>The properties that programs are published with.</summary>
    public static TheoryData<string> Properties() => PublishesAll ? ["PublishAot", "PublishTrimmed"] : ["PublishAot"];

    [Theory]
    [MemberData(nameof(Properties))]
    public void Published_without_a_warning_they_do_the_same(string property)
    {
        PackagedProgram[] published =
            [.. package.Programs.Where(program => PublishesAll || PublishedByDefault.Contains(program.Name, StringComparer.Ordinal))];
        Assert.True(published.Length >= PublishedByDefault.Length);
        string folder = package.Publish(property, published);
        Assert.All(published, program =>
        {
            string file = Path.Combine(folder, program.Name, "bin", "Release", "net10.0", "linux-x64", "publish", program.Name);
            Assert.False(property == "PublishAot" && File.Exists(file + ".dll"), $"{program.Name} is not native");
            Assert.Equal((program.Name, package.OutputUnderJit(program)), (program.Name, program.Run(file)));
        });
    }

    private static string Hash(string package, string entry) => Convert.ToHexString(SHA256.HashData(PackedPackage.Read(package, entry)));
}
