using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway;

/// <summary>A gateway cannot start. The message names the place and the cure, a line for each if there are several.</summary>
public sealed class GatewayStartException : Exception
{
    /// <summary>Creates the exception.</summary>
    public GatewayStartException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with what caused it.</summary>
    public GatewayStartException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>Creates the exception for one place of the configuration file.</summary>
    internal GatewayStartException(ConfigurationError finding, Exception? cause = null)
        : base(finding.ToString(), cause)
    {
        Finding = finding;
    }

    /// <summary>What is wrong, where it is about one place of the configuration file and is known as such; null otherwise.</summary>
    internal ConfigurationError? Finding { get; }
}
