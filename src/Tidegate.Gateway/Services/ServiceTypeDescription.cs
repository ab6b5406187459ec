using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Services;

/// <summary>What a service type is called and what its <c>service</c> element may hold.</summary>
internal abstract class ServiceTypeDescription
{
    /// <summary>The text of <c>type</c>.</summary>
    internal abstract string Name { get; }

    /// <summary>What the service does, in a sentence or two for users.</summary>
    internal abstract string Documentation { get; }

    /// <summary>The schemes that its accepts may have.</summary>
    internal abstract UriScheme[] AcceptSchemes { get; }

    /// <summary>The schemes that its connects may have.</summary>
    internal virtual UriScheme[] ConnectSchemes => [];

    internal virtual int MinimumAccepts => 1;

    internal virtual int MaximumAccepts => int.MaxValue;

    internal virtual int MinimumConnects => 0;

    internal virtual int MaximumConnects => 0;

    /// <summary>Whether it serves files, whose media types <c>mime-mapping</c> may name.</summary>
    internal virtual bool TakesMimeMappings => false;

    /// <summary>The properties.</summary>
    internal abstract SettingGroup Properties { get; }

    /// <summary>Connect URIs that stand among the properties.</summary>
    internal virtual ImmutableArray<ServiceAddress> ConnectsIn(SettingValues properties) => [];

    /// <summary>Accept URIs that stand among the properties.</summary>
    internal virtual ImmutableArray<ServiceAddress> AcceptsIn(SettingValues properties) => [];

    /// <summary>How many connects there must be with these properties.</summary>
    internal virtual int MinimumConnectsWith(SettingValues properties) => MinimumConnects;

    /// <summary>The typed properties. What does not go together is reported; the result is then not used.</summary>
    internal abstract ServiceOptions ReadOptions(ServiceProperties properties);

    /// <summary>Whether its connects are of HTTP, which the connect-options of that name are for.</summary>
    internal virtual bool ConnectsByHttp => false;

    /// <summary>Reports what the addresses of a service must have besides a scheme that is allowed.</summary>
    /// <param name="name">The service's name.</param>
    /// <param name="accepts">Its accepts.</param>
    /// <param name="connects">Its connects.</param>
    /// <param name="findings">Takes what is wrong.</param>
    internal virtual void CheckAddresses(string name, ImmutableArray<ServiceAddress> accepts, ImmutableArray<ServiceAddress> connects, Findings findings)
    {
    }

    /// <summary>The other way round: the properties that make these options.</summary>
    internal abstract SettingValues TakeOptions(ServiceOptions options);

    /// <summary>Whether there is such a service; others are read only.</summary>
    internal virtual bool IsServed => true;

    /// <summary>What a service needs of this machine and does not find, such as a directory. Where the gateway starts, these are errors.</summary>
    /// <param name="service">The service, which may be wrong in other ways.</param>
    /// <param name="webDirectory">The directory that relative directories of files are under.</param>
    internal virtual IEnumerable<ConfigurationError> MissingFor(ServiceConfiguration service, string webDirectory) => [];

    /// <summary>Makes the service that runs.</summary>
    internal abstract Service Create(ServiceConfiguration configuration, ServiceContext context);
}

/// <summary>The properties of one service while it is read.</summary>
/// <param name="Values">The properties written.</param>
/// <param name="Service">Where the service starts.</param>
/// <param name="Findings">Takes what does not go together.</param>
internal sealed record ServiceProperties(SettingValues Values, SourcePosition Service, Findings Findings)
{
    /// <summary>The <c>properties</c> element as written, or null if there is none.</summary>
    internal SourceElement? Element { get; init; }
}
