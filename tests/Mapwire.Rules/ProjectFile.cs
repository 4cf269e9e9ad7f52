using System.Xml.Linq;

namespace Mapwire.Rules;

/// <summary>A project file, read for what it refers to.</summary>
internal sealed class ProjectFile(string path, string text)
{
    private readonly XElement _project = XElement.Parse(text);

    public string Path { get; } = path;

    public string Text { get; } = text;

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public string Folder => Path[..Path.LastIndexOf('/')];

    /// <summary>Names of the projects that this one is compiled against.</summary>
    public IEnumerable<string> ProjectReferences =>
        Items("ProjectReference").Select(path => System.IO.Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

    /// <summary>
    /// Names of the packages that this one takes; analyzers that it keeps to itself are tools of the build, which nobody gets with it.
    /// </summary>
    public IEnumerable<string> PackageReferences => _project.Descendants("PackageReference")
        .Where(static element => (string?)element.Attribute("PrivateAssets") != "all"
            || (string?)element.Attribute("Include") is not { } name || !name.EndsWith("Analyzers", StringComparison.Ordinal))
        .Select(static element => (string?)element.Attribute("Include"))
        .OfType<string>();

    /// <summary>The values of a property, wherever the file sets it.</summary>
    public IEnumerable<string> Property(string name) => _project.Descendants(name).Select(element => element.Value);

    private IEnumerable<string> Items(string item) =>
        _project.Descendants(item).Select(element => (string?)element.Attribute("Include")).OfType<string>();
}
