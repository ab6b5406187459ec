using System.Net;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Checking;

/// <summary>What a configuration file is checked for.</summary>
public sealed record CheckOptions
{
    /// <summary>
    /// Whether it is about to be started on this machine. Then names of accepts must resolve, directories must be there, and nothing may
    /// be asked for that is not served yet; otherwise these are warnings, because the file may be for another machine or version.
    /// </summary>
    public bool IsStart { get; init; }

    /// <summary>Whether services that ask for what is not served yet are left out, which only <see cref="IsStart"/> asks for.</summary>
    public bool Lenient { get; init; }

    /// <summary>Where <c>${name}</c> finds values.</summary>
    public ParameterSources Parameters { get; init; } = new();

    /// <summary>What the paths of directory services are relative to; null if that is not known, and directories are not looked for.</summary>
    public string? WebDirectory { get; init; }

    /// <summary>The directory that plug-ins are taken from; null where there is none.</summary>
    public string? PluginDirectory { get; init; }

    /// <summary>What tells how late it is: certificates expire.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Looks host names up; null for the system's resolver.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? Resolve { get; init; }

    /// <summary>Where this machine says who has made it.</summary>
    internal string MachineDirectory { get; init; } = MulticastCheck.MachineDirectory;
}
