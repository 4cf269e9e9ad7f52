namespace Mapwire.Http;

/// <summary>The methods that are understood (RFC 9110, section 9.3); a request with another one is foreign.</summary>
public enum RequestMethod
{
    /// <summary>Transfers a representation. The only method for which ranges are defined (RFC 9110, section 14.2).</summary>
    Get,

    /// <summary>The head of what GET would answer, without its body.</summary>
    Head,

    /// <summary>What may be asked of a resource: what browsers send ahead of a request to another origin (CORS).</summary>
    Options,
}
